import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** A new secret; nobody can guess 256 bits, so a plain hash of it is enough to keep. */
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

export const newId = (): string => randomBytes(9).toString('base64url');

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
