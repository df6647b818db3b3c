/** Turns of the event loop since it was begun: what others get to do meanwhile. */
export interface Turns extends Disposable {
  readonly count: number;
}

/** Counts until it is disposed; a count that went on would keep the process busy under the tests that follow. */
export function countTurns(): Turns {
  let count = 0;
  const next = (): void => {
    count++;
    immediate = setImmediate(next);
  };
  let immediate = setImmediate(next);
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => clearImmediate(immediate),
  };
}
