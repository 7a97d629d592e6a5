// A made-up agent's messages: the assistant asks for tools, tools answer.
const EXIT = /(?:exit(?:ed)?(?: with)?(?: code| status)?|returncode)\D{0,3}(\d{1,3})/i;
const calls = new Map();
let steps = 0;

function read(record, index) {
  const events = [];
  switch (record.role) {
    case 'assistant':
      for (const call of record.tool_calls ?? []) {
        const args = JSON.parse(call.function.arguments);
        calls.set(call.id, ++steps);
        events.push({
          kind: 'call', id: call.id, step: steps, tool: call.function.name, arguments: args,
          command: args.command, thought: record.content, at: Date.parse(record.timestamp),
        });
      }
      if (events.length === 0) events.push({ kind: 'say', text: record.content });
      break;
    case 'tool': {
      const exit = EXIT.exec(record.content);
      events.push({
        kind: 'result', id: record.tool_call_id, step: calls.get(record.tool_call_id),
        output: record.content, exit: exit ? Number(exit[1]) : undefined,
      });
      break;
    }
    default:
      events.push({ kind: 'user', text: record.content });
  }
  return events;
}

function finish() {
  return { kind: 'end', steps };
}
