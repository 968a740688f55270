//! quell-playbook
