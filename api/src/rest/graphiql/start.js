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

function request(params, headers) {
  const all = new Headers({ ...headers, "content-type": "application/json", accept: "application/graphql-response+json" });
  if (credential) all.set("authorization", credential);
  else all.delete("authorization");
  return fetch("/graphql", { method: "POST", headers: all, body: JSON.stringify(params) });
}

function isSubscription(ast, name) {
  const operations = ast?.definitions.filter((one) => one.kind === "OperationDefinition") ?? [];
  return operations.find((one) => !name || one.name?.value === name)?.operation === "subscription";
}

async function fetcher(params, { headers, documentAST } = {}) {
  credential = authorization(headers) ?? credential;
  if (isSubscription(documentAST, params.operationName)) return onSocket(params, credential);
  return (await request(params, headers)).json();
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
  plugins: [examples],
  visiblePlugin: examples,
}));
