// Resources of this server itself, besides those of gateway.yaml.
export {};
