const visibleTo = app;
