"""Speech: recordings as text, texts and answers as sound (service-api.md section 7, feature-semantics.md 3.3)."""
