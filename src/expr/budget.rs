//! What one evaluation may use up, so that no expression hangs or fills the memory.

/// The message of the original, also for our own limits.
pub(super) const EXCEEDED: &str = "memory budget exceeded";

/// Bytes of work that count as one step.
const BYTES_PER_STEP: usize = 32;

/// Counters that only fall.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// Elements of lists and maps, as the original counts them: reaching it is too much.
    memory: u64,
    memory_limit: u64,
    /// Steps of work left.
    steps: u64,
    /// Bytes left for what an evaluation builds.
    bytes: u64,
}

impl Budget {
    pub fn new(memory_limit: u64, steps: u64, bytes: u64) -> Self {
        Self {
            memory: 0,
            memory_limit,
            steps,
            bytes,
        }
    }

    /// Counts elements as the original does.
    pub fn grow(&mut self, elements: u64) -> Result<(), String> {
        self.memory = self.memory.wrapping_add(elements);
        if self.memory >= self.memory_limit {
            return Err(EXCEEDED.to_owned());
        }
        Ok(())
    }

    /// Counts work.
    #[inline]
    pub fn work(&mut self, steps: u64) -> Result<(), String> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err("step budget exceeded: the expression takes too long".to_owned()),
        }
    }

    /// Counts work on so many bytes of text.
    pub fn scan(&mut self, bytes: usize) -> Result<(), String> {
        self.work((bytes / BYTES_PER_STEP) as u64)
    }

    /// Counts memory for a text, and the work to write it.
    pub fn text(&mut self, bytes: usize) -> Result<(), String> {
        self.scan(bytes)?;
        self.take(bytes as u64)
    }

    /// Counts memory for a list or map of so many values, and the work to fill it.
    pub fn values(&mut self, count: usize) -> Result<(), String> {
        const VALUE: u64 = 32;
        self.work(count as u64)?;
        self.take((count as u64).saturating_mul(VALUE))
    }

    fn take(&mut self, bytes: u64) -> Result<(), String> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(EXCEEDED.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaching_the_memory_limit_is_too_much() {
        let mut budget = Budget::new(10, 100, 100);
        assert!(budget.grow(9).is_ok());
        assert_eq!(budget.grow(1), Err(EXCEEDED.to_owned()));
    }

    #[test]
    fn steps_and_bytes_run_out() {
        let mut budget = Budget::new(10, 3, 64);
        assert!(budget.work(3).is_ok());
        assert!(budget.work(1).is_err());
        let mut budget = Budget::new(10, 1000, 64);
        assert!(budget.values(2).is_ok());
        assert!(budget.values(1).is_err());
    }
}
