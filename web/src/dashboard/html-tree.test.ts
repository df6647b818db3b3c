import { expect, test } from 'vitest';
import { type HtmlNode, htmlTree } from './html-tree.ts';

/** The tree, written as HTML again. */
const written = (nodes: readonly HtmlNode[]): string =>
  nodes
    .map((node) => {
      if (typeof node === 'string') return node.replaceAll('<', '&lt;');
      const style = Object.entries(node.style ?? {}).map(([name, value]) => `${name}:${value}`);
      return `<${node.tag}${node.href === undefined ? '' : ` href=${node.href}`}${node.span === undefined ? '' : ` colspan=${node.span}`}${
        style.length === 0 ? '' : ` style=${style.join(';')}`
      }>${written(node.children)}${node.tag === 'br' || node.tag === 'hr' ? '' : `</${node.tag}>`}`;
    })
    .join('');

test.each([
  ['<b>Words</b>', '<b>Words</b>'],
  ['<h1>Title</h1><p>One &amp; two', '<h1>Title</h1><p>One & two</p>'],
  ['a<br/>b<hr>', 'a<br>b<hr>'],
  ['<ul><li>one<li>two</ul>three', '<ul><li>one</li><li>two</li></ul>three'],
  ['<ul><li>a<ul><li>b</ul><li>c</ul>', '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>'],
  [
    '<table><tr><th colspan=2>a<tr><td>b<td>c</table>',
    '<table><tr><th colspan=2>a</th></tr><tr><td>b</td><td>c</td></tr></table>',
  ],
  ['<a href="https://example.com/?a=1&amp;b=2">x</a>', '<a href=https://example.com/?a=1&b=2>x</a>'],
  ['<a href=/d/other>x</a>', '<a href=/d/other>x</a>'],
  [
    '<div align=center style="color: #f00; font-size:2em">x</div>',
    '<div style=color:#f00;font-size:2em;text-align:center>x</div>',
  ],
  ['<center><font color="red">x', '<center style=text-align:center><font style=color:red>x</font></center>'],
  ['<img src="https://example.com/a.png" alt="a picture">', 'a picture'],
  ['1 &lt; 2 &#62; 0 &#x41; &unknown;', '1 &lt; 2 > 0 A &unknown;'],
  ['2 < 3', '2 &lt; 3'],
])('%j is kept as %j', (html, kept) => {
  expect(written(htmlTree(html))).toBe(kept);
});

test.each([
  ['<img src=x onerror="alert(1)">Words', 'Words'],
  ['<b onclick="alert(1)">x</b>', '<b>x</b>'],
  ['<script>alert(1)</script>x<style>p{}</style>', 'x'],
  ['<script>never closed', ''],
  ['<svg onload=alert(1)><p>x</p></svg>', ''],
  ['<iframe src="https://example.com"></iframe>x', 'x'],
  ['<a href="javascript:alert(1)">x</a>', '<a>x</a>'],
  ['<a href="JaVaScRiPt&#58;alert(1)">x</a>', '<a>x</a>'],
  ['<a href="//example.com">x</a>', '<a>x</a>'],
  ['<a href="data:text/html,x">x</a>', '<a>x</a>'],
  ['<p style="background-color:url(//a)">x</p>', '<p>x</p>'],
  ['<p style="position:fixed;top:0">x</p>', '<p>x</p>'],
  ['<form action=/x><input name=a><button>go</button></form>', 'go'],
  ['a <!-- <b>no</b> --> b', 'a  b'],
  ['&lt;script&gt;', '&lt;script>'],
  ['<p title="a>b" onx=\'>\'>x', '<p>x</p>'],
])('of %j what could do harm is gone', (html, kept) => {
  expect(written(htmlTree(html))).toBe(kept);
});

test('elements within each other are read to some depth, and no further', () => {
  const depthOf = (nodes: readonly HtmlNode[]): number =>
    1 + Math.max(0, ...nodes.map((node) => (typeof node === 'string' ? 0 : depthOf(node.children))));
  expect(depthOf(htmlTree('<b>'.repeat(5000)))).toBeLessThan(100);
});
