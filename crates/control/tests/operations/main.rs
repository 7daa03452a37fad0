//! The operations over a store in memory: asked for in the JSON of the control socket, as every face of facteur does.

#[cfg(test)]
mod desk;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod domains;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod own_relays;
#[cfg(test)]
mod people_relays;
#[cfg(test)]
mod principals;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod relays;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod words;
