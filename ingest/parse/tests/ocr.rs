//! OCR as the ingest sees it: a real process for each image. Most tests put a script in the place of tesseract; one
//! asks tesseract itself, which `scripts/setup.py ocr` installs.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use taproot_parse::sandbox::{OcrProgram, OcrSettings, Parser, ParserLimits, Tesseract};
use taproot_parse::{Parsed, Recognition};
use tempfile::TempDir;

fn worker() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_taproot-parse-worker"))
}

fn settings(program: OcrProgram) -> OcrSettings {
    OcrSettings { image_timeout: Duration::from_secs(20), ..OcrSettings::new(program) }
}

/// What answers to the questions before the first image.
const ANSWERS: &str = r#"case "$1" in
--version) echo "tesseract 9.8.7"; exit;;
--list-langs) printf 'List of languages (3):\nchi_sim\neng\nosd\n'; exit;;
esac
"#;

/// A script in the place of tesseract. A shell writes it: were it open for writing in this process, a child forked by
/// another test would have it open too for a moment, and the system does not run such a file.
fn script(script: &str, change: impl FnOnce(&mut OcrSettings)) -> (TempDir, Tesseract) {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("tesseract");
    let write = r##"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""##;
    let written = Command::new("sh").arg("-c").arg(write).arg(&program).arg(format!("{ANSWERS}{script}")).status();
    assert!(written.unwrap().success());
    let mut settings = settings(OcrProgram::In(folder.path().as_os_str().to_owned()));
    change(&mut settings);
    (folder, Tesseract::new(worker(), settings))
}

fn failed(recognition: &Recognition) -> bool {
    matches!(recognition, Recognition::Failed(why) if !why.is_empty())
}

#[test]
fn what_is_installed_is_used() {
    let (_folder, ocr) = script(r#"echo "$*"; cat"#, |_| ());
    let status = ocr.status();
    assert!(status.available && status.why_not.is_none(), "{status:?}");
    assert_eq!(status.version.as_deref(), Some("9.8.7"));
    assert_eq!(status.languages, ["eng", "chi_sim"]);
    let text = Recognition::Text("stdin stdout -l eng+chi_sim --psm 1\nimage".to_owned());
    assert_eq!(ocr.read(b"image"), text);
}

#[test]
fn why_it_is_not_available() {
    let why = |settings: OcrSettings| {
        let ocr = Tesseract::new(worker(), settings);
        assert_eq!(ocr.read(b"image"), Recognition::Unavailable);
        ocr.status().why_not.clone().unwrap()
    };
    assert!(why(settings(OcrProgram::Off)).contains("switched off"));
    assert!(why(settings(OcrProgram::In("/no/such/folder".into()))).contains("not on PATH"));
    assert!(why(settings(OcrProgram::At("/no/such/program".into()))).contains("/no/such/program"));
    let (_folder, ocr) = script("", |settings| settings.languages = vec!["tlh".to_owned()]);
    assert!(ocr.status().why_not.as_deref().unwrap().contains("tlh"));
}

#[test]
fn a_program_that_hangs_or_fails() {
    let begun = Instant::now();
    let short = |settings: &mut OcrSettings| settings.image_timeout = Duration::from_millis(300);
    let (_folder, ocr) = script("exec sleep 600", short);
    assert!(failed(&ocr.read(b"image")));
    // More than a pipe holds, to a program that does not read.
    assert!(failed(&ocr.read(&vec![0; 1 << 20])));
    assert!(begun.elapsed() < Duration::from_secs(60));
    // What it has started holds its output open.
    let (_folder, ocr) = script("sleep 600; true", short);
    assert!(failed(&ocr.read(b"image")));
    let (_folder, ocr) = script("echo half; exit 1", |_| ());
    assert!(failed(&ocr.read(b"image")));
}

#[test]
fn a_program_that_closes_its_output_and_does_not_end() {
    let begun = Instant::now();
    let short = |settings: &mut OcrSettings| settings.image_timeout = Duration::from_secs(1);
    let (_folder, ocr) = script("exec sleep 30 >&-", short);
    assert!(failed(&ocr.read(&vec![0; 1 << 20])));
    assert!(failed(&ocr.read(b"image")));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn all_images_of_a_file_share_its_time() {
    let (_folder, ocr) = script("sleep 0.3; echo text", |settings| settings.file_timeout = Duration::from_millis(500));
    let file = ocr.for_file();
    let read: Vec<bool> = (0..4).map(|_| failed(&file.read(b"image"))).collect();
    assert_eq!((read[0], read[3]), (false, true));
    assert!(!failed(&ocr.for_file().read(b"image")), "the next file has time of its own");
}

#[test]
fn it_writes_nothing_and_knows_nothing() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("written");
    let (_script, ocr) = script(&format!("echo x > '{}'; /usr/bin/env; true", target.display()), |_| ());
    let Recognition::Text(environment) = ocr.read(b"image") else { panic!("it ran") };
    let of_the_shell = ["PWD=", "OLDPWD=", "SHLVL=", "_=", "OMP_THREAD_LIMIT="];
    for variable in environment.lines() {
        assert!(of_the_shell.iter().any(|name| variable.starts_with(name)), "{variable}");
    }
    assert!(std::fs::read(&target).unwrap_or_default().is_empty());
}

#[test]
fn output_without_end_is_cut_off() {
    let (_folder, ocr) = script("cat /dev/zero", |_| ());
    assert!(failed(&ocr.read(b"image")));
}

/// Letters of 5 by 7 points, enough for the test below.
const FONT: &[(char, [&str; 7])] = &[
    ('A', [" ### ", "#   #", "#   #", "#####", "#   #", "#   #", "#   #"]),
    ('E', ["#####", "#    ", "#    ", "#### ", "#    ", "#    ", "#####"]),
    ('H', ["#   #", "#   #", "#   #", "#####", "#   #", "#   #", "#   #"]),
    ('L', ["#    ", "#    ", "#    ", "#    ", "#    ", "#    ", "#####"]),
    ('T', ["#####", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  "]),
    (' ', ["     ", "     ", "     ", "     ", "     ", "     ", "     "]),
];

/// Black words on white, as a PGM with `scale` pixels a point.
fn picture(words: &str, scale: usize) -> Vec<u8> {
    let (columns, rows) = (6 * words.len() + 10, 17);
    let mut pixels = vec![255_u8; columns * scale * rows * scale];
    for (index, letter) in words.chars().enumerate() {
        let (_, shape) = FONT.iter().find(|(known, _)| *known == letter).expect("a letter of the font");
        for (y, line) in shape.iter().enumerate() {
            for (x, _) in line.char_indices().filter(|(_, point)| *point == '#') {
                for at in 0..scale * scale {
                    let (left, top) = ((5 + index * 6 + x) * scale + at % scale, (5 + y) * scale + at / scale);
                    pixels[top * columns * scale + left] = 0;
                }
            }
        }
    }
    [format!("P5\n{} {}\n255\n", columns * scale, rows * scale).into_bytes(), pixels].concat()
}

/// A PDF whose only page shows `image`, a PGM.
fn scan(image: &[u8]) -> Vec<u8> {
    let head: Vec<&[u8]> = image.splitn(4, |byte| *byte == b'\n').collect();
    let sides = String::from_utf8(head[1].to_vec()).unwrap();
    let (width, height) = sides.split_once(' ').unwrap();
    let content = "q 500 0 0 80 50 400 cm /X Do Q";
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned().into_bytes(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 600]>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>".to_vec(),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()).into_bytes(),
        [
            format!(
                "<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceGray\
                 /BitsPerComponent 8/Length {}>>\nstream\n",
                head[3].len()
            )
            .into_bytes(),
            head[3].to_vec(),
            b"\nendstream".to_vec(),
        ]
        .concat(),
    ];
    for (number, object) in (1..).zip(objects) {
        pdf.extend([format!("{number} 0 obj\n").as_bytes(), &object, b"\nendobj\n"].concat());
    }
    // Without a table: the parser makes one.
    pdf.extend(b"trailer<</Root 1 0 R>>\n%%EOF");
    pdf
}

#[test]
fn tesseract_reads_a_scan() {
    let path = std::env::var_os("PATH").expect("a PATH");
    let ocr = Tesseract::new(worker(), settings(OcrProgram::In(path)));
    let status = ocr.status();
    assert!(status.languages.iter().any(|name| name == "eng"), "{status:?}; run scripts/setup.py ocr");

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("scan.pdf");
    std::fs::write(&file, scan(&picture("HEALTH LATE", 8))).unwrap();
    let limits = ParserLimits {
        max_file_bytes: 1 << 20,
        max_document_chars: 1 << 20,
        timeout: Duration::from_secs(60),
        memory_bytes: 1 << 30,
    };
    let mut texts = Vec::new();
    let images = ocr.for_file();
    let parsed = Parser::new(worker(), limits).parse(&file, "scan.pdf", &|image| images.read(image), &mut |parsed| {
        if let Parsed::Document(document) = parsed {
            texts.push(document.text);
        }
        ControlFlow::Continue(())
    });
    assert!(parsed.is_ok(), "{parsed:?}");
    assert_eq!(texts, ["HEALTH LATE"]);
}
