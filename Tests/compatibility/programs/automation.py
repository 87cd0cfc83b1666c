"""Ansible, which looks through `sys.path_hooks` for importlib's own."""

from programs import program

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.template: {src: in.j2, dest: "{{ playbook_dir }}/out.txt", mode: "0644"}
      register: made
    - ansible.builtin.command: cat out.txt
      changed_when: false
      register: shown
    - ansible.builtin.debug: {var: shown.stdout}
    - ansible.builtin.assert: {that: made is changed}
"""


@program(
    "Ansible",
    "ansible",
    "ansible-core",
    "42 localhost",
    files={"play.yml": PLAYBOOK, "in.j2": "{{ 6 * 7 }} {{ inventory_hostname }}\n"},
)
def ansible(run):
    """`ansible -m ping`, a playbook with a template and a command, `ansible-doc`."""
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False"}
    interpreter = "ansible_python_interpreter=" + run.place.environment.python
    quiet["ANSIBLE_HOME"] = run.folder.parent / "home"
    run.tool("ansible", "--version", keep="^ansible", **quiet)
    run.tool("ansible", "localhost", "-c", "local", "-m", "ping", "-e", interpreter, **quiet)
    run.tool("ansible-playbook", "-i", "localhost,", "-e", interpreter, "play.yml", **quiet)
    run.say(
        (run.folder / "out.txt").read_text() if (run.folder / "out.txt").exists() else "no file"
    )
    run.tool("ansible-doc", "-t", "module", "ping", keep="MODULE|ping", **quiet)
