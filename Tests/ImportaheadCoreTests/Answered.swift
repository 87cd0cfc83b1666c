@testable import ImportaheadCore

/// Asks until there is an answer, as an importing thread does.
func answered<Value>(
  _ question: inout Question, _ attempt: (inout Question) -> Attempt<Value>
) -> Value? {
  while true {
    switch attempt(&question) {
    case .found(let value): return value
    case .notFound: return nil
    case .pending: continue
    }
  }
}

/// The same where nobody wants to know more of the question.
func answered<Value>(_ attempt: (inout Question) -> Attempt<Value>) -> Value? {
  var question = Question()
  return answered(&question, attempt)
}
