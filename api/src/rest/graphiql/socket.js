"use strict";

// What GraphiQL calls an observable: one operation on a WebSocket of its own (graphql-transport-ws). Stopping it
// closes the socket, which ends the operation.
function onSocket(params, credential) {
  return {
    subscribe({ next, error, complete }) {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const socket = new WebSocket(`${scheme}://${location.host}/graphql`, "graphql-transport-ws");
      const send = (message) => socket.send(JSON.stringify(message));
      let ended = false;
      const end = (tell) => {
        if (ended) return;
        ended = true;
        tell();
        socket.close(1000);
      };
      const hear = {
        connection_ack: () => send({ id: "1", type: "subscribe", payload: params }),
        ping: () => send({ type: "pong" }),
        next: ({ payload }) => next(payload),
        error: ({ payload }) => end(() => { next({ errors: payload }); complete(); }),
        complete: () => end(complete),
      };
      socket.onopen = () => send({ type: "connection_init", payload: credential ? { Authorization: credential } : {} });
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        hear[message.type]?.(message);
      };
      socket.onclose = ({ code, reason }) => end(() => error(new Error(`The connection ended: ${reason || code}`)));
      return { unsubscribe: () => end(() => {}) };
    },
  };
}
