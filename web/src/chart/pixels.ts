/**
 * The longest length of whole device pixels within `css` pixels. A canvas of any other length is stretched over its box, and soft.
 * @param ratio device pixels of one CSS pixel
 */
export const wholePixels = (css: number, ratio: number): number => Math.floor(css * ratio + 1e-3) / ratio;
