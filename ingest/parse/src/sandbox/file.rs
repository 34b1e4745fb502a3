//! A file on its way to the child: opened and read by the parent, so that the child needs no file system.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use taproot_schemas::job::FileErrorCode;

/// Why a file cannot be given to the child.
pub(super) type Refusal = (FileErrorCode, String);

/// A regular file, open for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    /// As it was when it was opened.
    metadata: Metadata,
    read_bytes: u64,
    max_bytes: u64,
}

impl OpenFile {
    /// Opens a file without waiting for anything: a pipe without a writer or a device in its place does not block.
    pub fn open(path: &Path, max_bytes: u64) -> Result<OpenFile, Refusal> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| unreadable(&error.into()))?;
        let file = File::from(file);
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err((FileErrorCode::Unreadable, "it is not a regular file".to_owned()));
        }
        let file = OpenFile { file, metadata, read_bytes: 0, max_bytes };
        file.check_size(file.bytes())?;
        Ok(file)
    }

    /// Its size when it was opened.
    pub fn bytes(&self) -> u64 {
        self.metadata.len()
    }

    /// The next bytes; 0 at the end of a file that is what it was when it was opened.
    pub fn read(&mut self, piece: &mut [u8]) -> Result<usize, Refusal> {
        let count = loop {
            match self.file.read(piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.map_err(|error| unreadable(&error))?,
            }
        };
        self.read_bytes = self.read_bytes.saturating_add(count as u64);
        self.check_size(self.read_bytes)?;
        if count == 0 {
            self.check_unchanged()?;
        }
        Ok(count)
    }

    fn check_size(&self, bytes: u64) -> Result<(), Refusal> {
        match bytes <= self.max_bytes {
            true => Ok(()),
            false => Err((FileErrorCode::TooLarge, format!("the file is larger than {} bytes", self.max_bytes))),
        }
    }

    /// Half of an old and half of a new version is no version.
    fn check_unchanged(&self) -> Result<(), Refusal> {
        let now = self.file.metadata().map_err(|error| unreadable(&error))?;
        let same_time = now.modified().ok() == self.metadata.modified().ok();
        if same_time && now.len() == self.bytes() && self.read_bytes == self.bytes() {
            return Ok(());
        }
        Err((FileErrorCode::Unreadable, "the file changed while it was read".to_owned()))
    }
}

fn unreadable(error: &io::Error) -> Refusal {
    (FileErrorCode::Unreadable, format!("the file cannot be read: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Reads a file of ten bytes, with something happening to it after the first four.
    fn read_while(happens: impl FnOnce(&Path)) -> Result<usize, Refusal> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "0123456789").unwrap();
        let mut file = OpenFile::open(&path, 20)?;
        let mut piece = [0; 4];
        let mut total = file.read(&mut piece)?;
        happens(&path);
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(total),
                count => total += count,
            }
        }
    }

    #[test]
    fn files_that_change_while_they_are_read() {
        let append = |path: &Path, bytes: usize| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(&vec![b'x'; bytes]).unwrap();
        };
        let code = |result: Result<usize, Refusal>| result.map_err(|(code, _)| code);
        assert_eq!(read_while(|_| ()), Ok(10));
        assert_eq!(code(read_while(|path| append(path, 1))), Err(FileErrorCode::Unreadable));
        assert_eq!(code(read_while(|path| append(path, 100))), Err(FileErrorCode::TooLarge));
        let cut = |path: &Path| File::options().write(true).open(path).unwrap().set_len(6).unwrap();
        assert_eq!(code(read_while(cut)), Err(FileErrorCode::Unreadable));
        // A file that is open can be read to its end, whatever becomes of its name.
        assert_eq!(read_while(|path| std::fs::remove_file(path).unwrap()), Ok(10));
    }
}
