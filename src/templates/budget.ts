import type { RE2JS } from 're2js';
import { TemplateError } from './template-error.ts';

export interface TemplateLimits {
  readonly steps: number;
  /** Bytes of output, and of any one string made on the way. */
  readonly bytes: number;
}

const DEFAULT_LIMITS: TemplateLimits = { steps: 1_000_000, bytes: 1 << 20 };

/** Work that one execution may do: it runs on the main thread, and its author is not trusted to end. */
export class Budget {
  readonly limits: TemplateLimits;
  /** Regular expressions compiled so far. */
  readonly patterns = new Map<string, RE2JS>();
  #steps = 0;

  constructor(limits: TemplateLimits = DEFAULT_LIMITS) {
    this.limits = limits;
  }

  /** Counts `count` steps of work. @throws TemplateError when that is too many */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.limits.steps) {
      throw new TemplateError(`exceeded the limit of ${this.limits.steps} steps`);
    }
  }

  /**
   * Asks for a string of `length` characters, `added` of them new.
   * @throws TemplateError when that is too long
   */
  text(length: number, added = length): void {
    if (length > this.limits.bytes) {
      throw new TemplateError(`exceeded the limit of ${this.limits.bytes} bytes`);
    }
    this.step(added >>> 8);
  }
}
