"use strict";

// A panel with every operation of api/operations (OPERATIONS), by what it is about. A click opens it in a new tab,
// with what its variables need at least.
const examples = (() => {
  const h = React.createElement;
  const { useEditorContext, useSchemaContext } = GraphiQL.React;
  const { parse, typeFromAST, isNonNullType, isListType, isEnumType, isInputObjectType, isRequiredInputField } = GraphiQL.GraphQL;

  const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+/, "");
  const SCALARS = { Boolean: false, Int: 1, Float: 1, DateTime: TOMORROW, LocalDateTime: TOMORROW.slice(0, 16), JSON: {} };

  function sample(type) {
    if (isNonNullType(type)) return sample(type.ofType);
    if (isListType(type)) return [sample(type.ofType)];
    if (isEnumType(type)) return type.getValues()[0].name;
    if (!isInputObjectType(type)) return SCALARS[type?.name] ?? "";
    const fields = Object.values(type.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(fields.map((field) => [field.name, sample(field.type)]));
  }

  function variablesOf(document, schema) {
    const { variableDefinitions } = parse(document).definitions[0];
    const needed = variableDefinitions.filter((one) => one.type.kind === "NonNullType" && !one.defaultValue);
    if (!schema || needed.length === 0) return "";
    const values = needed.map((one) => [one.variable.name.value, sample(typeFromAST(schema, one.type))]);
    return JSON.stringify(Object.fromEntries(values), null, 2);
  }

  function groups(wanted) {
    const found = new Map();
    for (const operation of OPERATIONS) {
      if (!operation.method.toLowerCase().includes(wanted.trim().toLowerCase())) continue;
      const [noun] = operation.method.split(".");
      found.set(noun, [...(found.get(noun) ?? []), operation]);
    }
    return [...found];
  }

  function Panel() {
    const { addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
    const { schema } = useSchemaContext({ nonNull: true });
    const [wanted, want] = React.useState("");
    const [opening, open] = React.useState(null);
    // The new tab has its editors once it is drawn.
    React.useEffect(() => {
      if (!opening) return;
      queryEditor.setValue(opening.document);
      variableEditor.setValue(variablesOf(opening.document, schema));
      open(null);
    }, [opening]);
    const entry = (operation) => h("li", { key: operation.method },
      h("button", { type: "button", onClick: () => { addTab(); open(operation); } },
        h("span", { className: `kind ${operation.kind}`, title: operation.kind }, operation.kind[0].toUpperCase()),
        operation.method));
    return h("section", { className: "examples", "aria-label": "Examples" },
      h("h2", null, "Examples"),
      h("p", null, "Every operation of the SDKs. A click opens it in a new tab."),
      h("input", { type: "search", placeholder: "Find an operation", "aria-label": "Find an operation", value: wanted,
        onChange: (event) => want(event.target.value) }),
      groups(wanted).map(([noun, operations]) => h("section", { key: noun }, h("h3", null, noun), h("ul", null, operations.map(entry)))));
  }

  const icon = () => h("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5 },
    h("path", { d: "M4 6h10M4 12h16M4 18h7M18 3v6M15 6h6" }));
  return { title: "Examples", icon, content: Panel };
})();
