// Tools of this server itself, besides those of gateway.yaml. `mcp-gen add-tool` adds a line for each.
export {};
