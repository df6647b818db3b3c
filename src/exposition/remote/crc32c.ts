/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78: the checksum of streamed remote read. */
export function createCrc32c(): (bytes: Uint8Array) => number {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table[i] = crc;
  }
  return (bytes) => {
    let crc = 0xffffffff;
    for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
    return (crc ^ 0xffffffff) >>> 0;
  };
}
