import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcryptjs';

/** OWASP's second choice for scrypt: 32 MiB and some 100 ms for each guess. */
const COST = { ln: 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What a hash in a config may ask for. */
const MAX_MEMORY = 256 * 1024 * 1024;

const SCRYPT_HASH =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,88})\$([A-Za-z0-9+/]{43,88})$/;
const UNKNOWN_USER = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$AAAAAAAAAAAAAAAAAAAAAA$${'A'.repeat(43)}`;

/** `$scrypt$ln=15,r=8,p=1$salt$hash`, both base64 without padding, as the password hashing competition spells it. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST.ln, COST.r, COST.p, HASH_BYTES);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** For upstream's web config files, which know nothing else. */
export const hashPasswordBcrypt = (password: string): Promise<string> => bcrypt.hash(password, 10);

/** @param hash scrypt's or bcrypt's; undefined for an unknown user, which costs as much time and is false */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const match = SCRYPT_HASH.exec(hash ?? UNKNOWN_USER);
  if (!match) return bcrypt.compare(password, hash!);
  const [, ln, r, p, salt, wanted] = match;
  const expected = Buffer.from(wanted!, 'base64');
  const found = await derive(
    password,
    Buffer.from(salt!, 'base64'),
    Number(ln),
    Number(r),
    Number(p),
    expected.length,
  );
  return timingSafeEqual(found, expected) && hash !== undefined;
}

function derive(
  password: string,
  salt: Buffer,
  ln: number,
  r: number,
  p: number,
  length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: MAX_MEMORY };
    scrypt(password.normalize('NFKC'), salt, length, options, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
