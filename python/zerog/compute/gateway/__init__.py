"""The provider's HTTP face: shapes, admission, routes, who may enter."""
