readonly store: Store;
