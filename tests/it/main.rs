//! The integration tests: the whole gateway through its router, with the real store in a folder of its own. No network,
//! no sleeping, no order between tests. Only `e2e` starts processes and opens sockets.

mod desk;
mod e2e;
mod life;
mod shape;
mod traces;
