//! Refresh tokens as a provider has them: each is good once, and for ten seconds more, in which the
//! same successor is given; after that it is a thief's.
use jiff::{SignedDuration, Timestamp};

const GRACE: SignedDuration = SignedDuration::from_secs(10);

#[derive(Default)]
pub struct Families {
    all: Vec<Family>,
    /// How often one came that was used too long ago.
    pub alarms: u32,
}

#[derive(Clone, Default)]
struct Family {
    generation: u32,
    rotated_at: Option<Timestamp>,
    revoked: bool,
}

impl Families {
    /// The first token of a new family.
    pub fn begin(&mut self) -> String {
        self.all.push(Family::default());
        text(self.all.len() - 1, 0)
    }

    /// The token that is good now.
    pub fn newest(&self, family: usize) -> String {
        text(family, self.all[family].generation)
    }

    /// The successor.
    pub fn redeem(&mut self, token: &str, now: Timestamp) -> Option<String> {
        let (family, generation) = token.strip_prefix("RT-")?.split_once('.')?;
        let (index, generation): (usize, u32) = (family.parse().ok()?, generation.parse().ok()?);
        let family = self.all.get_mut(index)?;
        if family.revoked {
            return None;
        }
        if generation == family.generation {
            family.generation += 1;
            family.rotated_at = Some(now);
        } else {
            let rotated = family.rotated_at?;
            if generation + 1 != family.generation || now.duration_since(rotated) > GRACE {
                family.revoked = true;
                self.alarms += 1;
                return None;
            }
        }
        Some(text(index, family.generation))
    }
}

fn text(family: usize, generation: u32) -> String {
    format!("RT-{family}.{generation}")
}
