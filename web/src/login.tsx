import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { safeNext } from './data/next-place.ts';
import { BellMark } from './parts/icons.tsx';
import './login.css';

const base = import.meta.env.DEV
  ? new URL('/', location.href)
  : new URL(/* @vite-ignore */ '../', import.meta.url);
const next = safeNext(location, base);

const LOCAL: RequestInit = { credentials: 'same-origin', redirect: 'error' };

function Login() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isSending, setIsSending] = useState(false);

  // A link from elsewhere carries no cookie, by its own rule; this question does, and whoever is logged in goes on.
  useEffect(() => {
    void fetch(new URL('api/me', base), LOCAL).then(
      ({ ok }) => ok && location.replace(next),
      () => {},
    );
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setIsSending(true);
    setProblem(undefined);
    try {
      const response = await fetch(new URL('api/login', base), {
        ...LOCAL,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, password }),
      });
      if (response.ok) return location.replace(next);
      const { error } = (await response.json().catch(() => ({}))) as { error?: string };
      setProblem(error ?? `The server answered ${response.status}.`);
      if (response.status === 401) setPassword('');
    } catch {
      setProblem('Belfry does not answer.');
    }
    setIsSending(false);
  };

  return (
    <main class="login">
      <form class="login-card" aria-labelledby="login-title" onSubmit={(event) => void submit(event)}>
        <h1 id="login-title" class="login-title">
          <BellMark isRinging={false} />
          Belfry
        </h1>
        <label class="field">
          <span>Name</span>
          <input
            class="input"
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            autofocus
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input
            class="input"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && (
          <p class="error-note" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="button is-primary" disabled={isSending}>
          Log in
        </button>
      </form>
    </main>
  );
}

const root = document.getElementById('login');
if (!root) throw new Error('login.html has no element with the id "login"');
render(<Login />, root);
