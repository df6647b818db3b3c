import fc from 'fast-check';

/**
 * Random input of property tests: in CI, and where `FC_SEED` says so, the same each time, that a run tells about the change it is made for;
 * elsewhere new ones. `npm run fuzz` looks for more.
 */
const seed = process.env.FC_SEED ?? (process.env.CI ? '1' : undefined);
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
