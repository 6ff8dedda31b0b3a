"""Both CRMs read by the whole engine, with their real data, while people work in them."""
