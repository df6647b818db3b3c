import { useState } from 'preact/hooks';
import { useSession } from '../session.ts';

/** Puts a text into the clipboard and says so in its own place for a moment. */
export function CopyButton({ text, label }: { text(): string; readonly label: string }) {
  const { clock } = useSession();
  const [said, setSaid] = useState<string>();
  const copy = async (): Promise<void> => {
    setSaid((await intoClipboard(text())) ? 'Copied' : 'Could not copy');
    clock.after(1500, () => setSaid(undefined));
  };
  return (
    <button type="button" class="button is-small" aria-live="polite" onClick={() => void copy()}>
      {said ?? label}
    </button>
  );
}

/** Over plain HTTP browsers have no clipboard for pages: there the old way through a selection still works. */
async function intoClipboard(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'sr-only';
  document.body.append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  return isDone;
}
