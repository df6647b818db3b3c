import { GroupDecoder } from './group-decoder.ts';

/** A block that stays unpacked while a query lasts. */
export interface KeptBlock {
  readonly blob: Uint8Array;
  readonly decoder: GroupDecoder;
  readonly isOpen: boolean;
  /** Says that the decoder was opened and is good. */
  opened(): void;
}

/**
 * The blocks of one query with several selectors, so that each is read and unpacked once however many of them want columns of it. What does
 * not fit any more is read anew: of two selectors that pass over the same blocks in turn, keeping the last ones would help neither.
 */
export class KeptBlocks {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A place for one more block; undefined when there is none left. */
  place(blob: Uint8Array): KeptBlock | undefined {
    if (this.#bytes + blob.length > this.#maxBytes) return undefined;
    const decoder = new GroupDecoder();
    const block = {
      blob,
      decoder,
      isOpen: false,
      opened: (): void => {
        block.isOpen = true;
        this.#bytes += decoder.bytes;
      },
    };
    return block;
  }
}
