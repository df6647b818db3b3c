/** The in-memory store of the PromQL test language, for the tests of other packages. */
export { MemoryStorage, type Point, unlimited } from '../promql/testlang/storage.ts';
