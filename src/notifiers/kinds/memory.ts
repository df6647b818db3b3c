/** What an integration keeps between messages, such as a token it was given. Gone when its settings change. */
export class Memory {
  readonly #values = new Map<string, { readonly value: string; readonly until: number }>();

  /** @param at Unix ms; what was kept until then is not given any more */
  get(name: string, at: number): string | undefined {
    const kept = this.#values.get(name);
    return kept && kept.until > at ? kept.value : undefined;
  }

  set(name: string, value: string, until: number): void {
    this.#values.set(name, { value, until });
  }

  forget(name: string): void {
    this.#values.delete(name);
  }
}
