...currentTrace(),
