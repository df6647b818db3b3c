import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { corruptionAt } from './schema.ts';

/**
 * What the disk, or the system in front of it, does not give: a bad sector, a file that may not be opened. Unlike damage it may pass, and
 * nothing is known of what stands there.
 */
export class UnreadableError extends Error {
  readonly detail: string;

  constructor(detail: string, where: string) {
    super(`${where}: ${detail}`);
    this.name = 'UnreadableError';
    this.detail = detail;
  }
}

/** Why samples of a partition are not in an answer. */
export type Loss = CorruptBlockError | UnreadableError;

/** What a loss says of its partition, after the partition's name. */
export type LossKind = 'is damaged' | 'cannot be read';

export const kindOfLoss = (loss: Error): LossKind =>
  loss instanceof UnreadableError ? 'cannot be read' : 'is damaged';

/** Codes of SQLite, without what follows them, that say the system refused a file. */
const REFUSED = /^SQLITE_(IOERR|CANTOPEN|PERM|READONLY)/;

/** The loss that an error of a read of `file` means; undefined when it is another kind of error. */
export function lossOf(error: unknown, file: string): Loss | undefined {
  if (error instanceof CorruptBlockError || error instanceof UnreadableError) return error;
  const { code, message } = error as { code?: unknown; message?: string };
  return typeof code === 'string' && REFUSED.test(code)
    ? new UnreadableError(`${message} (${code})`, file)
    : undefined;
}

/** Is told of a piece of a file that cannot be read and is left out. */
export type Damaged = (loss: Loss) => void;

/** Runs one part of a read; what it cannot read is told, and nothing given, when somebody listens. */
export function guarded<T>(file: string, damaged: Damaged | undefined, work: () => T): T | undefined {
  if (!damaged) return work();
  try {
    return corruptionAt(file, work);
  } catch (error) {
    const loss = lossOf(error, file);
    if (!loss) throw error;
    damaged(loss);
    return undefined;
  }
}
