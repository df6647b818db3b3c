// Preloaded into pkg: adds to what Node makes the executable of (BELFRY_SEA, JSON), as pkg passes no flags on.
const promises = require('node:fs/promises');

const { writeFile } = promises;

promises.writeFile = (file, data, ...rest) => {
  if (!String(file).endsWith('sea-config.json')) return writeFile(file, data, ...rest);
  return writeFile(
    file,
    JSON.stringify({ ...JSON.parse(data), ...JSON.parse(process.env.BELFRY_SEA) }),
    ...rest,
  );
};
