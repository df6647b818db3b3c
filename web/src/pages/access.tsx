import { useState } from 'preact/hooks';
import { AUDIT_PAGE } from '../data/access-api.ts';
import type { ApiToken, AuditEntry, LoginSession, Scope } from '../data/access-types.ts';
import { problemText } from '../data/problem.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago, Until } from '../parts/ago.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

/** Who may come in: logins, API tokens, and what was changed by whom. */
export function Access() {
  const { me } = useSession();
  const caller = me.data.value;
  if (!caller) return <Skeleton rows={4} />;
  const isAdmin = caller.scopes.includes('admin');
  return (
    <div class="page">
      <div class="page-head">
        <h1 class="page-title">Access</h1>
        <span class="dim">
          {caller.isLoginNeeded
            ? `You are ${caller.name}${caller.role ? `, ${caller.role}` : ''}.`
            : 'There are no users: everybody who reaches this address is admin.'}
        </span>
      </div>
      {caller.isLoginNeeded && <Sessions />}
      {isAdmin && <Tokens />}
      {isAdmin && <Audit />}
    </div>
  );
}

function Sessions() {
  const { api } = useSession();
  const sessions = useResource((abort) => api.access.sessions(abort), []);
  const end = async (id: string): Promise<void> => {
    await api.access.endSession(id);
    await sessions.refresh();
  };
  return (
    <section>
      <h2 class="section-title">Logins</h2>
      <View resource={sessions} what="The logins">
        {(list) =>
          list.length === 0 ? (
            <p class="dim">None: tools and passwords sent with each request leave no login behind.</p>
          ) : (
            <div class="table-scroll">
              <table class="table">
                <thead>
                  <tr>
                    <th>User</th>
                    <th>Used</th>
                    <th>Since</th>
                    <th>From</th>
                    <th class="wide-only">Browser</th>
                    <th>
                      <span class="sr-only">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((session) => (
                    <SessionRow key={session.id} session={session} onEnd={() => end(session.id)} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </View>
    </section>
  );
}

/** `Firefox 140 on Linux` out of what a browser calls itself; anything else as it is. */
export function browserName(agent: string): string {
  // Browsers name those they descend from first, and themselves last.
  const browser =
    /(Edg|OPR|Firefox)\/(\d+)/.exec(agent) ??
    /(Chrome|HeadlessChrome)\/(\d+)|Version\/(\d+).*Safari/.exec(agent);
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(agent)?.[0];
  if (!browser || system === undefined) return agent;
  const [, name = 'Safari', version, safari] = browser;
  const known = { Edg: 'Edge', OPR: 'Opera', HeadlessChrome: 'Chrome' }[name] ?? name;
  return `${known} ${version ?? safari} on ${system === 'Mac OS X' ? 'macOS' : system}`;
}

function SessionRow({ session, onEnd }: { readonly session: LoginSession; onEnd(): Promise<void> }) {
  return (
    <tr>
      <td>
        {session.user}
        {session.isThis && <span class="dim nowrap"> (this one)</span>}
      </td>
      <td>
        <Ago time={parseApiTime(session.usedAt)} suffix=" ago" />
      </td>
      <td>
        <Ago time={parseApiTime(session.createdAt)} suffix=" ago" />
      </td>
      <td class="mono nowrap">{session.address}</td>
      <td class="dim cut wide-only" title={session.agent}>
        {browserName(session.agent)}
      </td>
      <td>
        <ConfirmButton label="End" question="Really end" class="button is-small" onConfirm={onEnd} />
      </td>
    </tr>
  );
}

function Tokens() {
  const { api } = useSession();
  const tokens = useResource((abort) => api.access.tokens(abort), []);
  const [made, setMade] = useState<{ name: string; token: string }>();
  const revoke = async (id: string): Promise<void> => {
    await api.access.revokeToken(id);
    await tokens.refresh();
  };
  return (
    <section>
      <h2 class="section-title">
        API tokens <span class="section-note">for tools: sent as “Authorization: Bearer …”</span>
      </h2>
      {made && (
        <p class="made-token" role="status">
          <span>
            Token {made.name}, shown this once: <code class="mono">{made.token}</code>
          </span>
          <CopyButton text={() => made.token} label="Copy" />
        </p>
      )}
      <View resource={tokens} what="The tokens">
        {(list) => (
          <div class="table-scroll">
            <table class="table">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>May</th>
                  <th>Made by</th>
                  <th>Used</th>
                  <th>Ends</th>
                  <th>
                    <span class="sr-only">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((token) => (
                  <TokenRow key={token.id} token={token} onRevoke={() => revoke(token.id)} />
                ))}
                {list.length === 0 && (
                  <tr>
                    <td colSpan={6} class="dim">
                      No token yet.
                    </td>
                  </tr>
                )}
              </tbody>
            </table>
          </div>
        )}
      </View>
      <TokenForm
        onMade={(name, token) => {
          setMade({ name, token });
          void tokens.refresh();
        }}
      />
    </section>
  );
}

function TokenRow({ token, onRevoke }: { readonly token: ApiToken; onRevoke(): Promise<void> }) {
  const used = token.usedAt === null ? undefined : parseApiTime(token.usedAt);
  const ends = token.expiresAt === null ? undefined : parseApiTime(token.expiresAt);
  return (
    <tr>
      <td>{token.name}</td>
      <td>{token.scopes.join(', ')}</td>
      <td>{token.createdBy}</td>
      <td>{used === undefined ? <span class="dim">never</span> : <Ago time={used} suffix=" ago" />}</td>
      <td>
        {token.isExpired ? (
          <span class="text-firing">has ended</span>
        ) : ends === undefined ? (
          <span class="dim">never</span>
        ) : (
          <>
            in <Until time={ends} />
          </>
        )}
      </td>
      <td>
        <ConfirmButton label="Revoke" question="Really revoke" class="button is-small" onConfirm={onRevoke} />
      </td>
    </tr>
  );
}

const SCOPES: readonly (readonly [Scope, string])[] = [
  ['read', 'look at everything but the log'],
  ['respond', 'silence, keep incidents, send again, test receivers'],
  ['ingest', 'write samples, alerts and annotations'],
  ['admin', 'everything'],
];

function TokenForm({ onMade }: { onMade(name: string, token: string): void }) {
  const { api } = useSession();
  const [name, setName] = useState('');
  const [life, setLife] = useState('90d');
  const [scopes, setScopes] = useState<readonly Scope[]>(['read']);
  const [problem, setProblem] = useState<string>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setProblem(undefined);
    try {
      const wanted = { name: name.trim(), scopes, ...(life.trim() && { expires_in: life.trim() }) };
      const token = await api.access.createToken(wanted);
      setName('');
      onMade(wanted.name, token);
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  const toggle = (scope: Scope): void =>
    setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope]);
  return (
    <form class="token-form" onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>New token for</span>
        <input
          class="input"
          value={name}
          required
          placeholder="backup script"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <fieldset class="token-scopes">
        <legend class="sr-only">It may</legend>
        {SCOPES.map(([scope, what]) => (
          <label key={scope} title={what}>
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} /> {scope}
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>For (empty: for ever)</span>
        <input class="input is-short" value={life} onInput={(event) => setLife(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button" disabled={scopes.length === 0}>
        Make a token
      </button>
      {problem !== undefined && (
        <p class="error-note" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function Audit() {
  const { api } = useSession();
  const [before, setBefore] = useState<number>();
  const audit = useResource((abort) => api.access.audit(before, abort), [before]);
  return (
    <section>
      <h2 class="section-title">
        Changes <span class="section-note">who did what, newest first</span>
      </h2>
      <View resource={audit} what="The changes">
        {(entries) =>
          entries.length === 0 ? (
            <Empty title="Nothing was changed yet." />
          ) : (
            <>
              <div class="table-scroll">
                <table class="table">
                  <thead>
                    <tr>
                      <th>When</th>
                      <th>Who</th>
                      <th>What</th>
                      <th>From</th>
                    </tr>
                  </thead>
                  <tbody>
                    {entries.map((entry) => (
                      <AuditRow key={entry.id} entry={entry} />
                    ))}
                  </tbody>
                </table>
              </div>
              <p class="page-turn">
                {before !== undefined && (
                  <button type="button" class="button is-small" onClick={() => setBefore(undefined)}>
                    Newest
                  </button>
                )}
                {entries.length === AUDIT_PAGE && (
                  <button type="button" class="button is-small" onClick={() => setBefore(entries.at(-1)?.id)}>
                    Older
                  </button>
                )}
              </p>
            </>
          )
        }
      </View>
    </section>
  );
}

function AuditRow({ entry }: { readonly entry: AuditEntry }) {
  const isRefused = entry.status >= 400;
  return (
    <tr>
      <td class="nowrap">
        <Ago time={parseApiTime(entry.at)} suffix=" ago" />
      </td>
      <td class="nowrap">{entry.who}</td>
      <td class={isRefused ? 'text-firing' : undefined}>
        {entry.what}
        {entry.detail !== '' && (
          <span title={entry.detail}>
            : {entry.what === 'login' ? browserName(entry.detail) : entry.detail}
          </span>
        )}
      </td>
      <td class="mono nowrap">{entry.address}</td>
    </tr>
  );
}
