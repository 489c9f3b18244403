use crate::names::names;

names! {
    /// What becomes of a post for which a network has no place left.
    WhenFull {
        /// It waits until there is one; nothing is lost but time.
        Wait = "WAIT",
        /// It is refused when it is scheduled, and fails when its time comes.
        Fail = "FAIL",
    }
}

names! {
    /// What becomes of a post that would cost more than is left of a budget.
    OverBudget {
        /// A person is asked when its time comes; scheduling only warns.
        Hold = "HOLD",
        /// It is refused when it is scheduled, and fails when its time comes.
        Fail = "FAIL",
    }
}
