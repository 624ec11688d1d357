readonly #stepUp: SessionStepUp;
