//! The words of a command.

/// Splits a command into words and unquotes them, as sh does. Nothing is expanded and nothing is an
/// operator: there is no shell. Answers why where a quote is open.
pub(crate) fn split(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    // `None` between words; quotes make a word even with nothing in them.
    let mut word: Option<String> = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut letters, word.get_or_insert_default())?,
            '"' => double_quoted(&mut letters, word.get_or_insert_default())?,
            '\\' => match letters.next().ok_or("it ends in a backslash")? {
                '\n' => {}
                kept => word.get_or_insert_default().push(kept),
            },
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single_quoted(letters: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), &'static str> {
    loop {
        match letters.next().ok_or("a single quote is not closed")? {
            '\'' => return Ok(()),
            letter => word.push(letter),
        }
    }
}

fn double_quoted(letters: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), &'static str> {
    let open = "a double quote is not closed";
    loop {
        match letters.next().ok_or(open)? {
            '"' => return Ok(()),
            '\\' => match letters.next().ok_or(open)? {
                '\n' => {}
                kept @ ('"' | '\\' | '$' | '`') => word.push(kept),
                other => word.extend(['\\', other]),
            },
            letter => word.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        text: String,
        words: Option<Vec<String>>,
        reason: Option<String>,
    }

    #[test]
    fn splits_and_refuses_what_the_vectors_say() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto/vectors/words.json");
        let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert!(cases.len() > 20);
        for case in cases {
            let expected = case.words.ok_or_else(|| case.reason.expect("words or a reason"));
            assert_eq!(split(&case.text).map_err(str::to_owned), expected, "{}", case.name);
        }
    }

    #[test]
    fn splits_simple_commands_as_sh_does() {
        for command in ["a b", "'a b' \"c d\"", "a\\ b 'c'\"d\"e", "'' \"\"", "\"\\\\ \\\" \\a\" '\\'"] {
            let script = format!("for word in {command}; do printf '%s\\0' \"$word\"; done");
            let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let expected: Vec<_> = text.split_terminator('\0').collect();
            assert_eq!(split(command).unwrap(), expected, "{command}");
        }
    }
}
