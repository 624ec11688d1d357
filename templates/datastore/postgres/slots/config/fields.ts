DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).transform(withProjectPaths),
