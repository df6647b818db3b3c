import { expect, test } from 'vitest';
import { htmlWords } from './html-words.ts';

test.each([
  ['<b>Words</b>', 'Words'],
  ['<img src=x onerror="alert(1)">Words', 'Words'],
  ['<h1>Title</h1><p>One &amp; two</p>', 'Title\n\nOne & two'],
  ['a<br/>b', 'a\nb'],
  ['<script>alert(1)</script>x<style>p{}</style>', 'x'],
  ['<script>never closed', ''],
  ['a <!-- <b>no</b> --> b', 'a b'],
  ['1 &lt; 2 &#62; 0 &#x41; &unknown;', '1 < 2 > 0 A &unknown;'],
  ['2 < 3', '2 < 3'],
  ['&lt;script&gt;', '<script>'],
])('%j reads %j', (html, words) => {
  expect(htmlWords(html)).toBe(words);
});
