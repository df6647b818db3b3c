import bcrypt from 'bcryptjs';
import { expect, test } from 'vitest';
import { hashPassword, isPassword } from './password.ts';

/** Of the vectors in RFC 7914, section 12, the one with parameters of a real hash; cut to 32 bytes of its 64. */
const PUBLISHED = `$scrypt$ln=14,r=8,p=1$${Buffer.from('SodiumChloride').toString('base64').replaceAll('=', '')}$${Buffer.from(
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2',
  'hex',
)
  .toString('base64')
  .replaceAll('=', '')}`;

test('scrypt is what its specification says', async () => {
  expect(await isPassword('pleaseletmein', PUBLISHED)).toBe(true);
  expect(await isPassword('pleaseletmeout', PUBLISHED)).toBe(false);
});

test('a hash has a salt of its own and is of its own password only', async () => {
  const [one, other] = [await hashPassword('open sesame'), await hashPassword('open sesame')];
  expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(one).not.toBe(other);
  expect(await isPassword('open sesame', one)).toBe(true);
  expect(await isPassword('open sesam', one)).toBe(false);
  expect(await isPassword('', one)).toBe(false);
});

test('a letter with an accent is the same however the keyboard composes it', async () => {
  expect(await isPassword('cafe\u0301', await hashPassword('caf\u00e9'))).toBe(true);
});

test("bcrypt's hashes of upstream's files work; nobody's password is none", async () => {
  expect(await isPassword('secret', bcrypt.hashSync('secret', 4))).toBe(true);
  expect(await isPassword('Secret', bcrypt.hashSync('secret', 4))).toBe(false);
  expect(await isPassword('', undefined)).toBe(false);
});
