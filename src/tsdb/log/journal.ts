import type { ByteWriter } from '../../encoding/bytes.ts';
import type { DefinitionSink } from './definitions.ts';
import type { StoredExemplar } from './exemplars.ts';

/** Where the head notes what must survive the process; the log writer stores it batch by batch. */
export interface Journal {
  /** Records of the batch that is being filled (records.ts). */
  readonly records: ByteWriter;
  /** Writes definitions into the batch that is being filled. */
  readonly definitions: DefinitionSink;
  /** Writes an exemplar into the batch that is being filled; those before it must not need it. */
  exemplar(exemplar: StoredExemplar): void;
  /** The log row this batch will be. */
  readonly seq: number;
  /** Says that the batch holds something, so that it will be stored soon. */
  touch(): void;
}
