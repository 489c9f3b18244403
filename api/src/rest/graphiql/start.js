"use strict";

// GraphiQL keeps tabs and headers in the browser's storage under these names.
const HEADERS = "graphiql:headers";
const TABS = "graphiql:tabState";

const parsed = (text) => { try { return JSON.parse(text); } catch { return null; } };
const authorization = (headers) => {
  const name = Object.keys(headers ?? {}).find((name) => name.toLowerCase() === "authorization");
  return /^\s*bearer\s+\S/i.test(headers?.[name]) ? headers[name] : null;
};
const headersWith = (credential) => JSON.stringify({ Authorization: credential ?? "Bearer " }, null, 2);

// A key may come with the address, best after a #, which never leaves the browser. It must not stay there.
function keyOfAddress() {
  const { search, hash, pathname } = location;
  const key = new URLSearchParams(hash.slice(1)).get("key") ?? new URLSearchParams(search).get("key");
  if (key !== null) history.replaceState(null, "", pathname);
  return key && `Bearer ${key.trim()}`;
}

// Tabs of earlier visits get the new key too.
function rememberHeaders(headers) {
  localStorage.setItem(HEADERS, headers);
  const state = parsed(localStorage.getItem(TABS));
  if (!state?.tabs) return;
  for (const tab of state.tabs) tab.headers = headers;
  localStorage.setItem(TABS, JSON.stringify(state));
}

const given = keyOfAddress();
if (given) rememberHeaders(headersWith(given));
// The credential used last serves the tabs that have none.
let credential = given ?? authorization(parsed(localStorage.getItem(HEADERS)));

function request(accept, params, headers, signal) {
  credential = authorization(headers) ?? credential;
  const all = new Headers({ ...headers, "content-type": "application/json", accept });
  if (credential) all.set("authorization", credential);
  else all.delete("authorization");
  return fetch("/graphql", { method: "POST", headers: all, body: JSON.stringify(params), signal });
}

function isSubscription(ast, name) {
  const operations = ast?.definitions.filter((one) => one.kind === "OperationDefinition") ?? [];
  return operations.find((one) => !name || one.name?.value === name)?.operation === "subscription";
}

// GraphQL over server-sent events: calls `next` with each result until the server completes.
async function follow(answer, next) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let pending = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (pending + value).split("\n\n");
    pending = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n").filter((line) => line.startsWith("data:"));
      const data = lines.map((line) => line.slice(5).trim()).join("\n");
      if (data) next(JSON.parse(data));
    }
  }
}

// What GraphiQL calls an observable; stopping it ends the request.
function subscription(params, headers) {
  return {
    subscribe({ next, error, complete }) {
      const stop = new AbortController();
      (async () => {
        const answer = await request("text/event-stream", params, headers, stop.signal);
        if (answer.headers.get("content-type")?.startsWith("text/event-stream")) await follow(answer, next);
        else next(await answer.json());
        complete();
      })().catch((failure) => { if (!stop.signal.aborted) error(failure); });
      return { unsubscribe: () => stop.abort() };
    },
  };
}

async function fetcher(params, { headers, documentAST } = {}) {
  if (isSubscription(documentAST, params.operationName)) return subscription(params, headers);
  const answer = await request("application/graphql-response+json", params, headers);
  return answer.json();
}

const defaultHeaders = headersWith(credential);
const defaultTabs = EXAMPLES.map(({ query, variables }) => ({
  query,
  variables: variables && JSON.stringify(variables, null, 2),
  headers: defaultHeaders,
}));
ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(GraphiQL, {
  fetcher,
  defaultTabs,
  defaultHeaders,
  defaultQuery: "",
  defaultEditorToolsVisibility: credential ? "variables" : "headers",
  shouldPersistHeaders: true,
}));
