// Preloaded into pkg: adds to what Node makes the executable of (BELFRY_SEA, JSON), as pkg passes neither flags nor files of ours on.
const promises = require('node:fs/promises');

const { writeFile } = promises;

promises.writeFile = (file, data, ...rest) => {
  if (!String(file).endsWith('sea-config.json')) return writeFile(file, data, ...rest);
  const config = JSON.parse(data);
  const { assets, ...more } = JSON.parse(process.env.BELFRY_SEA);
  return writeFile(
    file,
    JSON.stringify({ ...config, ...more, assets: { ...config.assets, ...assets } }),
    ...rest,
  );
};
