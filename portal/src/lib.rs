//! The service hall (办事大厅). Its first pages arrive with the OpenID Connect provider.
