// Preloaded into pkg: adds Node's flags to the executable. pkg passes no `execArgv` on to Node's SEA config, so it is added as the
// config is written. BELFRY_V8_FLAGS: flags, separated by spaces.
const promises = require('node:fs/promises');

const { writeFile } = promises;

promises.writeFile = (file, data, ...rest) => {
  if (!String(file).endsWith('sea-config.json')) return writeFile(file, data, ...rest);
  return writeFile(
    file,
    JSON.stringify({
      ...JSON.parse(data),
      execArgv: process.env.BELFRY_V8_FLAGS.split(' '),
      execArgvExtension: 'env',
    }),
    ...rest,
  );
};
