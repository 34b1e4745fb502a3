//! Files made for tests: small PDFs, bytes that are no text, and many small documents.

use std::fmt::Write as _;

use super::examples;

/// A PDF of one page with these lines in Helvetica.
pub fn pdf(lines: &[&str]) -> Vec<u8> {
    written_pdf(lines, "")
}

/// A PDF that asks for a password: its key cannot be derived from the empty one.
pub fn encrypted_pdf() -> Vec<u8> {
    let hex = |byte: u8| format!("<{}>", format!("{byte:02x}").repeat(32));
    let encrypt = format!(
        "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O {} /U {} >> /ID [{} {}]",
        hex(0x5a),
        hex(0xa5),
        hex(1),
        hex(1)
    );
    written_pdf(&["nobody reads this without the password"], &encrypt)
}

fn written_pdf(lines: &[&str], trailer: &str) -> Vec<u8> {
    let shown: Vec<String> = lines.iter().map(|line| format!("({line}) Tj 0 -14 Td")).collect();
    let content = format!("BT /F1 11 Tf 72 760 Td {} ET", shown.join(" "));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = file.len();
    let size = objects.len() + 1;
    let _ = write!(file, "xref\n0 {size}\n0000000000 65535 f \n");
    for offset in offsets {
        let _ = writeln!(file, "{offset:010} 00000 n ");
    }
    let _ = write!(file, "trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n");
    file.into_bytes()
}

/// Bytes that are text in no encoding.
pub fn noise(length: usize) -> Vec<u8> {
    let mut numbers = Numbers::seeded(7);
    (0..length).map(|_| (numbers.next() >> 24) as u8).collect()
}

/// One of the example documents.
pub fn example(path: &str) -> Vec<u8> {
    std::fs::read(examples::documents().join(path)).expect("an example document")
}

/// Text of some length about one subject, different for each number and edition.
pub fn report(number: usize, edition: usize) -> String {
    let mut text = format!("# Report {number}\n\nThis is edition {edition} of report {number}.\n");
    for section in 1..=3 {
        let _ = write!(
            text,
            "\n## Section {section}\n\nPump {number} was inspected in section {section}; its seal is of kind \
             SEAL-{number}-{edition}. The colleague on duty wrote down {} litres and closed the valve afterwards. \
             Nothing else was remarkable during the round of that day.\n",
            number * 10 + section + edition
        );
    }
    text
}

/// Numbers that look random and are the same in each run (xorshift64*, Vigna 2016).
pub struct Numbers(u64);

impl Numbers {
    pub fn seeded(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
