import { useState } from 'preact/hooks';
import { problemText } from '../data/problem.ts';

interface ConfirmButtonProps {
  readonly label: string;
  /** What it asks at the first click. */
  readonly question: string;
  readonly class: string;
  onConfirm(): Promise<unknown>;
}

/** Does what cannot be taken back at the second click; says beside it why it could not. */
export function ConfirmButton({ label, question, class: className, onConfirm }: ConfirmButtonProps) {
  const [isAsking, setIsAsking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const press = (): void => {
    setIsAsking(!isAsking);
    if (!isAsking) return;
    setProblem(undefined);
    onConfirm().catch((error: unknown) => setProblem(problemText(error)));
  };
  return (
    <>
      {problem !== undefined && (
        <span class="text-firing" role="alert">
          {problem}
        </span>
      )}
      <button type="button" class={className} onBlur={() => setIsAsking(false)} onClick={press}>
        {isAsking ? question : label}
      </button>
    </>
  );
}
