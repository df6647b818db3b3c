/** The in-memory store of the PromQL test language, for the tests of other packages. */
export { MemoryStorage } from '../promql/testlang/storage.ts';
