//! On which line each key of a file stands, for the report.

/// Keys with their depth, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
struct Key {
    depth: usize,
    line: usize,
    name: String,
}

impl Places {
    pub(super) fn add(&mut self, depth: usize, line: usize, name: &str) {
        self.keys.push(Key {
            depth,
            line,
            name: name.to_owned(),
        });
    }

    /// The line of a key below other keys; of its deepest parent where it isn't there itself.
    pub(super) fn line(&self, path: &[&str]) -> Option<usize> {
        let mut keys = self.keys.iter().peekable();
        let mut line = None;
        let mut above = 0;
        for name in path {
            // What is less deep belongs to another parent.
            let next = keys
                .by_ref()
                .take_while(|key| line.is_none() || key.depth > above)
                .find(|key| key.name == *name)?;
            line = Some(next.line);
            above = next.depth;
        }
        line
    }

    /// The part of the `index`-th service of a file that holds several.
    pub(super) fn part(&self, index: usize) -> Self {
        let top = self.keys.iter().map(|k| k.depth).min().unwrap_or_default();
        let class = |key: &&Key| key.depth == top && key.name == "@class";
        let starts: Vec<usize> = self.keys.iter().filter(class).map(|k| k.line).collect();
        let from = starts.get(index).copied().unwrap_or_default();
        let to = starts.get(index + 1).copied().unwrap_or(usize::MAX);
        let inside = |key: &&Key| (from..to).contains(&key.line);
        Self {
            keys: self.keys.iter().filter(inside).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::applications::apereo::hjson;

    #[test]
    fn keys_are_found_on_their_lines_whatever_the_dialect() {
        let text = "{\n  # \"name\": 1\n  \"@class\" : \"x\",\n  serviceId: ^https://a.example/.*\n\
                    /* evaluationOrder: 9\n */ 'name': '''\n one\n''', id: 7, evaluationOrder: 3\n\
                    \"accessStrategy\": { \"enabled\": true,\n \"x\": { \"pattern\": 1 } },\n\
                    \"proxyPolicy\":\n { \"pattern\": \"a\\\"b: c\" } }";
        let places = hjson::read(text).unwrap().1;
        assert_eq!(places.line(&["@class"]), Some(3));
        assert_eq!(places.line(&["serviceId"]), Some(4));
        assert_eq!(places.line(&["name"]), Some(6));
        assert_eq!(places.line(&["id"]), Some(8));
        assert_eq!(places.line(&["evaluationOrder"]), Some(8));
        assert_eq!(places.line(&["accessStrategy", "enabled"]), Some(9));
        assert_eq!(places.line(&["proxyPolicy", "pattern"]), Some(12));
        assert_eq!(places.line(&["accessStrategy", "nothing"]), None);
    }
}
