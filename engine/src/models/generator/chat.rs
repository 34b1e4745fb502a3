//! Messages → the text that a chat model was trained on, by the template that comes with it.
//!
//! Templates are Jinja, written for what the Transformers library offers them: trimmed blocks, Python's string methods,
//! `raise_exception`, `strftime_now`, a `tojson` that writes as Python does.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    pub content: String,
}

pub struct ChatTemplate {
    environment: Environment<'static>,
    /// Tokens that templates name: `bos_token`, `eos_token`.
    tokens: Vec<(String, String)>,
}

const NAME: &str = "chat";

impl ChatTemplate {
    pub fn new(source: String, tokens: Vec<(String, String)>) -> Result<ChatTemplate, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", |told: String| -> Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, told))
        });
        environment.add_function("strftime_now", |format: String| {
            let now = jiff::Zoned::now();
            jiff::fmt::strtime::format(&format, &now)
                .map_err(|e| minijinja::Error::new(ErrorKind::InvalidOperation, e.to_string()))
        });
        environment.add_filter("tojson", to_json);
        environment.add_template_owned(NAME, source)?;
        Ok(ChatTemplate { environment, tokens })
    }

    /// The text of a chat, with the beginning of the assistant's turn at its end. Of a model that refuses a system message,
    /// or leaves it out, the message stands before the first one of the user.
    pub fn render(&self, messages: &[ChatMessage]) -> Result<String, minijinja::Error> {
        let rendered = self.rendered(messages);
        let [ChatMessage { role: "system", content }, rest @ ..] = messages else { return rendered };
        match rendered {
            Ok(text) if text.contains(content.trim()) => Ok(text),
            _ => {
                let mut rest = rest.to_vec();
                if let Some(asked) = rest.iter_mut().find(|message| message.role == "user") {
                    asked.content = format!("{content}\n\n{}", asked.content);
                }
                self.rendered(&rest)
            }
        }
    }

    fn rendered(&self, messages: &[ChatMessage]) -> Result<String, minijinja::Error> {
        let message =
            |message: &ChatMessage| Value::from_pairs([("role", message.role), ("content", message.content.as_str())]);
        let messages: Value = messages.iter().map(message).collect();
        // Models that can think aloud before they answer are asked not to: nobody would see it.
        let told = [("messages", messages), ("add_generation_prompt", true.into()), ("enable_thinking", false.into())];
        let tokens = self.tokens.iter().map(|(name, token)| (name.as_str(), Value::from(token.as_str())));
        self.environment.get_template(NAME)?.render(Value::from_pairs(tokens.chain(told)))
    }
}

/// As `json.dumps(value, ensure_ascii=False, indent=indent)`.
fn to_json(value: Value, options: minijinja::value::Kwargs) -> Result<Value, minijinja::Error> {
    let indent: Option<usize> = options.get("indent")?;
    let failed = |e: serde_json::Error| minijinja::Error::new(ErrorKind::BadSerialization, e.to_string());
    let mut out = Vec::new();
    match indent {
        Some(width) => {
            let spaces = " ".repeat(width.min(16));
            let pretty = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, pretty)).map_err(failed)?;
        }
        None => value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Spaced)).map_err(failed)?,
    }
    let text = String::from_utf8(out).map_err(|e| minijinja::Error::new(ErrorKind::BadSerialization, e.to_string()))?;
    Ok(Value::from_safe_string(text))
}

/// A space after commas and colons.
struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, messages: &[(&'static str, &str)]) -> Result<String, minijinja::Error> {
        let tokens = vec![("bos_token".to_owned(), "<s>".to_owned()), ("eos_token".to_owned(), "</s>".to_owned())];
        let messages: Vec<ChatMessage> =
            messages.iter().map(|&(role, content)| ChatMessage { role, content: content.to_owned() }).collect();
        ChatTemplate::new(template.to_owned(), tokens)?.render(&messages)
    }

    const CHAT: [(&str, &str); 2] = [("system", "Be brief."), ("user", " Hi <&> ")];

    /// Beginnings of the templates of SmolLM2, Gemma, Mistral and Qwen3, which differ in what they use.
    #[test]
    fn templates_render_as_transformers_renders_them() {
        let chatml = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + \
                      '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
        let expected =
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi <&> <|im_end|>\n<|im_start|>assistant\n";
        assert_eq!(render(chatml, &CHAT).expect("a chat"), expected);

        let gemma = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}\
                     {% endif %}{% for message in messages %}{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] \
                     | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";
        let expected = "<s><start_of_turn>user\nBe brief.\n\n Hi <&><end_of_turn>\n<start_of_turn>model\n";
        assert_eq!(render(gemma, &CHAT).expect("a chat"), expected);

        let forgetful =
            "{% for m in messages if m.role != 'system' %}[INST] {{ m.content.strip() }} [/INST]{% endfor %}";
        assert_eq!(render(forgetful, &CHAT).expect("a chat"), "[INST] Be brief.\n\n Hi <&> [/INST]");

        let blocks = "{%- set ns = namespace(last=none) -%}\n{%- for m in messages[1:] %}\n    {% set ns.last = m.content %}\n\
                      {%- endfor -%}\n{%- if messages[0].content.startswith('Be') and enable_thinking is defined and \
                      enable_thinking is false -%}\n{{ messages[0].content }}|{{ ns.last.split('<')[0].rstrip() }}\n{%- endif %}\n";
        assert_eq!(render(blocks, &CHAT).expect("a chat"), "Be brief.| Hi");
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        let template = "{{ messages[0] | tojson }}\n{{ [1, 'é<'] | tojson(indent=2) }}";
        let expected = "{\"role\": \"user\", \"content\": \"a<b>&'é\"}\n[\n  1,\n  \"é<\"\n]";
        let told = render(template, &[("user", "a<b>&'é")]).expect("a chat");
        let other_order = expected
            .replace("\"role\": \"user\", \"content\": \"a<b>&'é\"", "\"content\": \"a<b>&'é\", \"role\": \"user\"");
        assert!(told == expected || told == other_order, "{told}");
    }

    #[test]
    fn a_template_that_refuses_says_why() {
        let error = render("{{ raise_exception('roles must alternate') }}", &[("user", "a")]).expect_err("refused");
        assert!(error.to_string().contains("roles must alternate"), "{error}");
        assert!(render("{% for %}", &[("user", "a")]).is_err());
        let year = render("{{ strftime_now('%Y') }}", &[("user", "a")]).expect("a year");
        assert!(year.parse::<i32>().is_ok_and(|year| year >= 2024), "{year}");
        assert!(render("{{ strftime_now('%!') }}", &[("user", "a")]).is_err());
    }
}
