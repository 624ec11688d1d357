store: postgres(),
